"""The rules of a model. Each public function takes a transaction first and is one operation of Juju's."""
