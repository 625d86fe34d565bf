"""Pods: their containers, images, volumes, and the Pebble in them."""
