/* Controls of page sharing: see ksm-control.h. */
#include "actuate/ksm-control.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>

#include "base/fd.h"
#include "base/units.h"

#define RUN_UNMERGE 2

static const char *file_of(BlDomainField field)
{
    return bl_field_info(BL_SCOPE_DOMAIN, field)->name + strlen("ksm.");
}

static gboolean control_read(gpointer data, BlDomainField field, gint64 *ret_value)
{
    const int *ksm_fd = data;
    char text[32];
    gint64 value;
    if (!bl_control_is_host(field) || *ksm_fd < 0 ||
        bl_file_read_at(*ksm_fd, file_of(field), text, sizeof text) <= 0 ||
        !bl_integer_parse(g_strstrip(text), &value))
        return FALSE;
    *ret_value = field == BL_DOMAIN_KSM_RUN && value == RUN_UNMERGE ? 0 : value;
    return TRUE;
}

static gboolean control_write(gpointer data, BlDomainField field, gint64 value, GError **error)
{
    const int *ksm_fd = data;
    char text[32];
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, value);
    g_auto(BlFd) fd = openat(*ksm_fd, file_of(field), O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && bl_fd_write_all(fd, text, strlen(text)))
        return TRUE;
    int code = errno;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                "cannot write %s to \"/sys/kernel/mm/ksm/%s\": %s%s", text, file_of(field),
                g_strerror(code),
                code == EBUSY ? "; the kernel takes it only while no pages are shared" : "");
    return FALSE;
}

void bl_ksm_controls_read(int ksm_fd, BlValues *ret_values)
{
    for (guint f = BL_DOMAIN_CONTROLS; f < BL_CONTROLS; f++) {
        gint64 value;
        if (control_read(&ksm_fd, f, &value))
            bl_values_set(ret_values, f, value);
    }
}

BlControls bl_ksm_controls(int *ksm_fd)
{
    return (BlControls){control_read, control_write, ksm_fd};
}
