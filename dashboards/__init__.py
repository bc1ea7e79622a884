"""How people see it in Grafana: boards as code over the views of schema bi.

Imports nothing of collectors or db; the database is known only as text. Importing this package or
`publish` needs no Grafana library: those come with the extra `grafana` and are imported when used.
"""
