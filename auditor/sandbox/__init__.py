"""An AWS organisation to try the product on, served over the real wire protocols."""
