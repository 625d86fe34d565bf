"""Which texts are secret, in which forms they appear, and how they are taken out of all that is said."""
