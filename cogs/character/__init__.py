"""The groups ``/character`` and ``/group``. ``cog`` has every command of ``/character`` with its options.

Each command calls the module that does its work: ``creation``, ``listing`` (list, show), ``editing`` (edit, rename,
default), ``deletion``, ``lending``, ``consent``, ``portability`` (export, import). ``groups`` is all of ``/group``.
"""
