"""What a person asks of a deployment: the use cases behind the API's routes."""
