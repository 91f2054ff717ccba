// Before anything else, and no module, so that it is there when modules cannot be loaded.
{
  // The appearance that was chosen, if it is not the system's, before anything is painted.
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;

  // A file that did not come (a deployment that is busy turns requests away) is asked for anew.
  const most = 3;
  let noticed = false;
  addEventListener(
    'error',
    ({ target }) => {
      const file = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
      if (!file || noticed) return;
      noticed = true;
      const loads = Number(sessionStorage.getItem('loads')) + 1;
      sessionStorage.setItem('loads', String(loads));
      if (loads <= most) setTimeout(() => location.reload(), 1_000 * loads);
      else document.body.textContent = 'The console could not be loaded. Load the page again in a minute.';
    },
    true,
  );
}
