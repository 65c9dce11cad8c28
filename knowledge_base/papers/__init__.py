"""Papers that a citizen hands in: what each has to say, and the DOCX that is filled with it."""
