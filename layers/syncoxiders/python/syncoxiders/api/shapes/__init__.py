"""What requests and responses of the API look like: plain dataclasses.

The service validates by them and publishes them as OpenAPI, the client reads by them: there is one
definition of each. Times are UTC. A field that a response has beyond these is to be ignored; one
that a request has beyond these is refused.
"""
