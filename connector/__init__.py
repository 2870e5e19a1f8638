"""An event-driven connector for Microsoft Entra ID: who has access to what, kept current in blob storage."""
