"""What a response does: complied, refused, broken, harmless."""
