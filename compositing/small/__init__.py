"""Shoes and accessories: told apart, turned the way they are worn, and laid on the body at their
true size.
"""
