"""Container images, made of a recipe and a lock: the same two give the same image.

`recipe` reads what is wanted, `lock` what exactly it is made of, `packages` asks apt, `base` and `staging`
make file trees, `checks` looks at the result, `sbom` accounts for it, `build` does it all.
"""
