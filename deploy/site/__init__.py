"""The docs as a site: `python -m deploy.site` gathers the pages, writes the reference anew from the
code and lets MkDocs make the rest. Nothing of it is committed.
"""
