"""Questions that every tenant's owner would like answered, each with a typed answer and a sentence that tells it."""
