"""Blogs in pockets of their own, for tests of any length.

``homes`` starts a pocket, ``model`` has the commands of somebody who runs a blog, ``pods`` looks into it from
this host, ``visitors`` reads it, ``load`` fills it; ``trials`` and ``kills`` are what a blog is put through.
"""
