//! What must hold of the stored records and of memory.
