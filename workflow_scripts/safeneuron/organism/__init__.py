"""The built-in model organism: its language, tokenizer, training and exact oracle."""
