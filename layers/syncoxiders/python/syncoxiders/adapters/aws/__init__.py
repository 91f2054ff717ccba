"""AWS services as adapters of the ports; botocore is imported when a client is made."""
