"""Deciding many patients at once, on bitmaps."""
