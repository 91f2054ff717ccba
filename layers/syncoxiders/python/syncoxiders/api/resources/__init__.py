"""What can be asked of a deployment, by what it is about.

Every method raises ApiError where the deployment refuses, and Unreachable where it does not answer.
"""
