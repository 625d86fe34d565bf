"""The phases that hoodoo brings, one module each; and what two of them share."""
