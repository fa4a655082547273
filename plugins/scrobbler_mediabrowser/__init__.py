"""What the adapters of Jellyfin and Emby share: both servers grew out of MediaBrowser, and name their items alike."""
