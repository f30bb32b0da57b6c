"""What builds the images, and what watches over a running system."""
