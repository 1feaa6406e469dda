"""What the store holds and the publisher wrote → answers over HTTP: feeds, pages, health."""
