"""Tables of items in Amazon DynamoDB, through PynamoDB."""
