"""What satisfaction does: latent satisfaction, the effect on renewal, its checks and its verdict."""
