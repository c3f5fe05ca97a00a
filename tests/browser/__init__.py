"""Tests in a real browser against the real app. A package, so that its file names may repeat those of other tests."""
