"""What `import filmgauge_sim as fg` offers: cells and nodes as a researcher calls them."""
