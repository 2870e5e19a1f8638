"""Sign-in of people: the device code flow, their tokens, and what they may do with them."""
