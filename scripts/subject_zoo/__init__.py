"""Subject Zoo: small neural networks in pairs, degraded and mended, with all that was measured of them."""
