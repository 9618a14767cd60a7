"""Two versions of the document, compared with the eyes of a client of the older one."""
