"""Container images as the OCI image layout keeps them: read, checked, unpacked and written without a daemon.

`layout` reads what is in a folder or an archive, `unpack` makes a file tree of its layers, `layers` and
`writer` make an image of file trees. What strangers made is checked before it is believed.
"""
