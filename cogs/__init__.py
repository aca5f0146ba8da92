"""Slash commands: a module or package for each group, with its forms and the answers to its buttons.

Where each command is defined (a test compares this with the command tree). The commands of ``/character`` and
``/video`` call a module beside them, which does the work.

- ``cogs.about``: ``/about``, ``/help``
- ``cogs.character.cog``: ``/character ask-consent``, ``/character borrowed``, ``/character create``,
  ``/character default``, ``/character delete``, ``/character edit``, ``/character export``, ``/character import``,
  ``/character lend``, ``/character list``, ``/character new``, ``/character preview``, ``/character rename``,
  ``/character show``, ``/character take-back``
- ``cogs.character.groups``: ``/group add``, ``/group create``, ``/group delete``, ``/group remove``, ``/group rename``,
  ``/group show``
- ``cogs.message_menu``: ``Make a character``, in the menu of a message under Apps
- ``cogs.operator``: ``/operator block``, ``/operator health``, ``/operator resume``, ``/operator unblock``
- ``cogs.privacy``: ``/privacy delete``, ``/privacy export``
- ``cogs.server.cog``: ``/server settings``
- ``cogs.tasks``: ``/tasks``
- ``cogs.video.cog``: ``/video create``, ``/video list``, ``/video new``

Buttons without a command beside them: ``cogs.closer_look``, ``cogs.earlier_videos``, ``cogs.video_results``.
"""
