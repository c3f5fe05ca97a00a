"""What is reached over HTTP: REST and the pages, on one port."""
