"""The protocols between the engine and the world, and the errors that cross them."""
