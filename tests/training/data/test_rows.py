import hashlib

from training.data.rows import bucket


def test_bucket_is_the_sha256_of_the_stripped_text_modulo_100():
    digest = hashlib.sha256(b"hello").hexdigest()
    assert bucket("  hello\n") == int(digest, 16) % 100
