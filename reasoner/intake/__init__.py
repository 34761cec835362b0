"""Files of many patients read by columns: fact tables and triples become cohorts."""
