"""What people ask of a deployment: use cases in the words of :mod:`syncoxiders.api.shapes`.

They know neither HTTP nor any adapter. What cannot be done is said by :mod:`.declined`.
"""
