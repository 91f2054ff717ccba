"""The deployed system as a CDK app: `npx cdk deploy`. Imports nothing of what it deploys."""
