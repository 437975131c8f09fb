"""A store of requests that grows with each run, without anything that names a person.

``collect`` adds the new lines of logs, ``report`` reads them, ``forget`` removes requests.
"""
