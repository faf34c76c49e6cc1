"""What several tests share: servers on loopback, builders of values."""
