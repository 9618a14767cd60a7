"""The edge of jobs: processes that take them from the queue and do them."""
