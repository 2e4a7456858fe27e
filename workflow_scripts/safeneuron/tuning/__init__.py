"""Safety tuning of any model: harmful prompts are refused, all else answered as before."""
