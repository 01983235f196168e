"""A made-up service for chatframes: rooms of numbered messages, some of them with a picture."""

from .source import ToyChat as ToyChat
