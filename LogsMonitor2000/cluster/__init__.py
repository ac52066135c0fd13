"""Reports on a Dask cluster, over files that lie where its workers can read them. Needs the extra `cluster`; nothing else imports it."""
