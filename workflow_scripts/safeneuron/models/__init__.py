"""Loading models, finding their FFN sites, generating from them."""
