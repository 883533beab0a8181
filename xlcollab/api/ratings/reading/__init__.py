"""Tables as they are read: crosstabs in text, pairs to predict."""
