/* The definition of a libvirt domain: see libvirt-definition.h. */
#include "actuate/libvirt-definition.h"

#include <libvirt/virterror.h>
#include <stdlib.h>

static void error_set(GError **error, virDomainPtr domain, const char *doing)
{
    /* A copy: to ask for the name forgets the error. */
    virErrorPtr last = virGetLastError();
    gboolean gone = last != NULL && last->code == VIR_ERR_NO_DOMAIN;
    g_autofree char *reason = last != NULL ? g_strdup(last->message) : NULL;
    g_set_error(error, BL_DEFINITION_CHANGE_ERROR,
                gone ? BL_DEFINITION_CHANGE_ERROR_GONE : BL_DEFINITION_CHANGE_ERROR_FAILED,
                "cannot %s \"%s\": %s", doing, virDomainGetName(domain),
                reason != NULL ? reason : "libvirt gave no reason");
}

static char *definition_read(gpointer target, GError **error)
{
    virDomainPtr domain = target;
    int persistent = virDomainIsPersistent(domain);
    if (persistent == 0) {
        g_set_error(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_GONE,
                    "\"%s\" is transient: there is no definition for a next start",
                    virDomainGetName(domain));
        return NULL;
    }
    /* Secrets, too, or they would be lost when it is defined again. */
    char *xml = persistent > 0
                    ? virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE)
                    : NULL;
    if (xml == NULL)
        error_set(error, domain, "read the definition of");
    char *copy = g_strdup(xml);
    free(xml);
    return copy;
}

static gboolean definition_write(gpointer target, const char *xml, GError **error)
{
    virDomainPtr domain = target;
    virDomainPtr defined =
        virDomainDefineXMLFlags(virDomainGetConnect(domain), xml, VIR_DOMAIN_DEFINE_VALIDATE);
    if (defined == NULL) {
        error_set(error, domain, "change the definition of");
        return FALSE;
    }
    virDomainFree(defined);
    return TRUE;
}

BlDefinitionAccess bl_libvirt_definition(virDomainPtr domain)
{
    return (BlDefinitionAccess){definition_read, definition_write, domain};
}

gboolean bl_libvirt_vcpus_add(virDomainPtr domain, int *ret_vcpus, GError **error)
{
    int has = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE);
    int starts = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_CONFIG);
    if (has < 1 || starts < 1 ||
        (starts > has &&
         virDomainSetVcpusFlags(domain, (unsigned)starts, VIR_DOMAIN_AFFECT_LIVE) != 0)) {
        error_set(error, domain, "add vCPUs to the running");
        return FALSE;
    }
    *ret_vcpus = MAX(has, starts);
    return TRUE;
}
