/* The traits of a guest: see traits.h. */
#include "model/traits.h"

BlTraits *bl_traits_new(void)
{
    BlTraits *traits = g_atomic_rc_box_new0(BlTraits);
    traits->disks = g_array_new(FALSE, TRUE, sizeof(BlDisk));
    traits->controllers = g_array_new(FALSE, TRUE, sizeof(BlScsi));
    traits->interfaces = g_array_new(FALSE, TRUE, sizeof(BlInterface));
    traits->videos = g_array_new(FALSE, TRUE, BL_TRAIT_SHORT);
    return traits;
}

BlTraits *bl_traits_ref(BlTraits *traits)
{
    return traits != NULL ? g_atomic_rc_box_acquire(traits) : NULL;
}

static void traits_clear(gpointer data)
{
    BlTraits *traits = data;
    g_array_unref(traits->disks);
    g_array_unref(traits->controllers);
    g_array_unref(traits->interfaces);
    g_array_unref(traits->videos);
}

void bl_traits_unref(BlTraits *traits)
{
    if (traits != NULL)
        g_atomic_rc_box_release_full(traits, traits_clear);
}
