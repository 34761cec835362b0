"""Records: what they may say, the rules that complete them, and what is observed in them."""
