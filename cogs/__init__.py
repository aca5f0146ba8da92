"""Slash commands: a module or package for each group, with its forms and the answers to its buttons.

Where the code of each command is (a test holds this against the command tree):

- ``cogs.about``: ``/about``, ``/help``
- ``cogs.character.consent``: ``/character ask-consent``
- ``cogs.character.cog``: ``/character delete``, ``/character show``
- ``cogs.character.editing``: ``/character default``, ``/character edit``, ``/character rename``
- ``cogs.character.groups``: ``/group add``, ``/group create``, ``/group delete``, ``/group remove``, ``/group rename``,
  ``/group show``
- ``cogs.character.lending``: ``/character borrowed``, ``/character lend``, ``/character take-back``
- ``cogs.character.listing``: ``/character list``
- ``cogs.character.making``: ``/character create``, ``/character new``, ``/character preview``
- ``cogs.character.portability``: ``/character export``, ``/character import``
- ``cogs.message_menu``: ``Make a character``, in the menu of a message under Apps
- ``cogs.operator``: ``/operator block``, ``/operator health``, ``/operator resume``, ``/operator unblock``
- ``cogs.privacy``: ``/privacy delete``, ``/privacy export``
- ``cogs.server.cog``: ``/server settings``
- ``cogs.tasks``: ``/tasks``
- ``cogs.video.listing``: ``/video list``
- ``cogs.video.making``: ``/video create``, ``/video new``

Buttons without a command beside them: ``cogs.closer_look``, ``cogs.earlier_videos``, ``cogs.video_results``.
"""
